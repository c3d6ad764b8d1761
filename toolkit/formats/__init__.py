"""Data printed in the languages of configuration files, with everything escaped that means something there."""
