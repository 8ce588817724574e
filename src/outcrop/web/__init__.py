"""What every surface needs of HTTP: bounded bodies, clients that leave, and guards for browsers."""
