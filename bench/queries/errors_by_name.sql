select Name, Computer, count(*) as Failed, count(distinct UserId) as Users
from Requests where ResultCode = '500' group by 1, 2 order by Failed desc limit 10
