"""MySQL and MariaDB with texts that are equal only when they are. Named as Django wants a backend to be named."""
