select Properties->>'$.region' as Region, sum((Properties->>'$.bytes')::bigint)
from Requests where TimeGenerated < '2026-03-01 12:00' group by 1
