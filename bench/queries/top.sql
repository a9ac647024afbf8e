select TimeGenerated, Computer, UserId, DurationMs from Requests where Name = 'POST /pay' order by DurationMs desc limit 20
