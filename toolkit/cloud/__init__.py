"""What a customer's plan asks of the cloud, compared with what the cloud says it has and allows."""
