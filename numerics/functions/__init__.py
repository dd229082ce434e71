"""The activations, one family or a few kindred ones a file: values, derivatives, enclosures, series and bounds over every number field."""
