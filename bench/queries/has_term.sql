select Computer, count(*) from Requests
where contains(lower(Message), 'timeout') and regexp_matches(Message, '(?i)(^|[^a-z0-9])timeout($|[^a-z0-9])') group by 1
