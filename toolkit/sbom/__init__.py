"""What is installed on a server, as a software bill of materials (CycloneDX)."""
