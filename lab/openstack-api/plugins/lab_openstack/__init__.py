"""The parts of the cloud that would need agents on real machines."""
