"""Django's database backends, where ours must hold more than they promise."""
