"""The toolkit's own code that knows nothing of Ansible."""
