"""``python -m scoreassist``."""

from scoreassist.cli import main

main()
