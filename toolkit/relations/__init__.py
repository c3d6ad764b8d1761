"""Settings that are good one by one and contradict each other."""
