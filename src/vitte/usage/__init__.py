"""What calls to models cost, and what each plan includes."""
