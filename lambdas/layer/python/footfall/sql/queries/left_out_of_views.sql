-- What do the default views leave out? Bots, prefetches and scanners stay in `hits`.
SELECT
  site,
  agent_class,
  bot_kind,
  agent_name,
  count(*) AS hits
FROM hits
WHERE "date" >= current_date - INTERVAL '28' DAY
  AND agent_class NOT IN ('human', 'email_proxy')
GROUP BY site, agent_class, bot_kind, agent_name
ORDER BY hits DESC, site, agent_class, bot_kind, agent_name
LIMIT 100
