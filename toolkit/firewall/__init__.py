"""The firewall matrix: its rows, and the security groups and nftables rules printed from it."""
