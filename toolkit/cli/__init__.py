"""Programs for operators, called by make and by scripts/."""
