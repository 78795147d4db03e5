"""A network that sees both sides, and how it revises drafts."""
