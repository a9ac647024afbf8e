select Computer, max(TimeGenerated), arg_max(Name, TimeGenerated), arg_max(ResultCode, TimeGenerated) from Requests group by 1
