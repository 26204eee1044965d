"""How far the clocks of devices are off, and whose are not to be trusted."""
