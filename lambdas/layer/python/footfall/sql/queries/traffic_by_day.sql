-- How many people came, day by day? Estimates scale sampled requests up; without sampling they equal the hits.
SELECT
  site,
  "date",
  count(*) AS hits,
  count(*) FILTER (WHERE action IN ('page_view', 'pixel')) AS page_views,
  count(DISTINCT visitor_id) AS visitors,
  round(sum(CAST(100 AS DOUBLE) / sampling_rate)) AS estimated_hits
FROM hits_human
WHERE "date" >= current_date - INTERVAL '28' DAY
GROUP BY site, "date"
ORDER BY site, "date"
