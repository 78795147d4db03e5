"""DeepHear: piano rolls through a narrow code, and accompaniments by gradient descent on the code."""
