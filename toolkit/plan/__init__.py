"""What a customer's plan.yml and settings put into the cloud: errors, servers, ports, names, capacity."""
