"""What callbacks progress and stages are made of: the model of a run, results, screen, log, where to look."""
