WITH opens AS (
  SELECT
    h.site,
    h."date",
    h.event_id,
    h.event_time,
    h.open_class,
    h.agent_name,
    h.browser,
    h.os,
    h.device_type,
    h.country,
    h.campaign_source,
    h.campaign_medium,
    h.campaign_name,
    h.campaign_content,
    h.campaign_id,
    CASE WHEN coalesce(h.stripped, FALSE) THEN NULL ELSE h.user_id END AS user_id,
    CASE WHEN h.open_class = 'direct' THEN h.visitor_id END AS visitor_id,
    CASE WHEN coalesce(h.stripped, FALSE) THEN NULL ELSE coalesce(
      max(CASE WHEN lower(p.name) = 'mailing' THEN nullif(p.value, '') END),
      max(CASE WHEN lower(p.name) IN ('mailing_id', 'newsletter') THEN nullif(p.value, '') END)
    ) END AS mailing_parameter,
    CASE WHEN coalesce(h.stripped, FALSE) THEN NULL ELSE coalesce(
      max(CASE WHEN lower(p.name) = 'recipient' THEN nullif(p.value, '') END),
      max(CASE WHEN lower(p.name) IN ('recipient_id', 'subscriber', 'subscriber_id', 'contact', 'contact_id') THEN nullif(p.value, '') END),
      max(CASE WHEN lower(p.name) IN ('uid', 'user_id', 'userid') THEN nullif(p.value, '') END)
    ) END AS recipient_parameter
  FROM hits AS h
  LEFT JOIN UNNEST(h.parameters) AS p ON TRUE
  WHERE h.is_email_open AND h.agent_class IN ('human', 'email_proxy', 'prefetch')
  GROUP BY
    h.site, h."date", h.event_id, h.event_time, h.open_class, h.agent_name, h.browser, h.os, h.device_type, h.country,
    h.campaign_source, h.campaign_medium, h.campaign_name, h.campaign_content, h.campaign_id, h.user_id, h.visitor_id, h.stripped
),
keyed AS (
  SELECT
    *,
    coalesce(mailing_parameter, campaign_id, campaign_name) AS mailing,
    coalesce(recipient_parameter, user_id, visitor_id) AS recipient,
    CASE
      WHEN recipient_parameter IS NOT NULL THEN 'parameter'
      WHEN user_id IS NOT NULL THEN 'user_id'
      WHEN visitor_id IS NOT NULL THEN 'visitor_id'
      ELSE 'none'
    END AS recipient_origin
  FROM opens
),
numbered AS (
  SELECT
    *,
    CASE WHEN mailing IS NOT NULL AND recipient IS NOT NULL THEN row_number() OVER (
      PARTITION BY site, mailing, recipient, recipient_origin, open_class = 'prefetch'
      ORDER BY event_time, event_id
    ) END AS open_number
  FROM keyed
)
SELECT
  site,
  "date",
  event_id,
  event_time,
  mailing,
  recipient,
  recipient_origin,
  open_class,
  open_number,
  open_number > 1 AS is_repeat,
  campaign_source,
  campaign_medium,
  campaign_name,
  campaign_content,
  agent_name,
  browser,
  os,
  device_type,
  country
FROM numbered
