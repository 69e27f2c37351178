-- Which events happen, how often, and with what value?
SELECT
  site,
  event_category,
  event_action,
  event_name,
  count(*) AS events,
  count(DISTINCT visitor_id) AS visitors,
  avg(event_value) AS average_value
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND action = 'event'
GROUP BY site, event_category, event_action, event_name
ORDER BY events DESC, site, event_category, event_action, event_name
LIMIT 100
