"""Pictures that belong to no job."""
