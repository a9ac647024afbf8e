select case when DurationMs < 50 then 'fast' when DurationMs < 150 then 'fair' else 'slow' end as Speed, count(*) as Count,
    count(*) filter (where starts_with(ResultCode, '5')) as Failures
from Requests group by 1
