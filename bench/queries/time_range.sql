select Computer, avg(DurationMs), max(DurationMs)
from Requests where TimeGenerated between '2026-03-02' and '2026-03-02 02:00' group by 1
