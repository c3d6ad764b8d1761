"""The customer's folder and the operator's machine: where files are, what stands in the wrong one, what is missing."""
