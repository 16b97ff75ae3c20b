"""How good forecasts were: scores, cross-validation and resampling, as pure functions."""
