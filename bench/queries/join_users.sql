select Plan, count(*) from Requests join Users using (UserId) where ResultCode = '404' group by 1
