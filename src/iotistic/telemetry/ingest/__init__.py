"""From a decoded body to committed rows and a receipt: what waits, what is written together, what is told to whom."""
