"""DogStatsD: the UDP socket, its messages and their aggregation."""
