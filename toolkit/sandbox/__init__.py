"""What units may do on servers: systemd's sandbox of each daemon, timer and job."""
