select Name, quantile_disc(DurationMs, 0.5), quantile_disc(DurationMs, 0.95), quantile_disc(DurationMs, 0.99) from Requests group by 1
