"""The numbers that stand for lists of metric names, and for a device with one of them."""
