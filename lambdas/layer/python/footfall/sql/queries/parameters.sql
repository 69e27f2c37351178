-- Which parameters arrive that have no column of their own?
SELECT
  h.site,
  h.dialect,
  p.name,
  count(*) AS hits,
  count(DISTINCT p.value) AS different_values
FROM hits AS h
CROSS JOIN UNNEST(h.parameters) AS p
WHERE h."date" >= current_date - INTERVAL '7' DAY
GROUP BY h.site, h.dialect, p.name
ORDER BY hits DESC, h.site, h.dialect, p.name
LIMIT 100
