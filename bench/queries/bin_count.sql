select time_bucket(interval 1 hour, TimeGenerated) as TimeGenerated, count(*) as count_ from Requests group by 1
