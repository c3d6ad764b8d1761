"""What participants see in the browser: a customer's texts, pictures and colours."""
