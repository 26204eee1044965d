"""What an operator does and sees across domains."""
