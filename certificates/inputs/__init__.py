"""What a user gives: problems, models, data, weights, and how much memory there is."""
