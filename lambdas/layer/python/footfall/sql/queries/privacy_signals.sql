-- How many people ask for privacy, and how many hits have no visitor?
SELECT
  site,
  "date",
  count(*) AS hits,
  count(*) FILTER (WHERE gpc) AS gpc,
  count(*) FILTER (WHERE dnt) AS dnt,
  count(*) FILTER (WHERE gpc IS NULL) AS gpc_unknown,
  count(*) FILTER (WHERE stripped) AS stripped,
  count(*) FILTER (WHERE visitor_id IS NULL) AS without_visitor
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, "date"
ORDER BY site, "date"
