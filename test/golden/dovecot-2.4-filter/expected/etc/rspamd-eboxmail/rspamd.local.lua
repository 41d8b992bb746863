-- Written by eboxmail from its state file; change that and run "eboxmail apply".
-- What the state says about senders, files and thresholds: it is in policy.json beside this file.

local logger = require "rspamd_logger"
local rspamd_ip = require "rspamd_ip"
local ucl = require "ucl"
local NAME = "eboxmail"

local parser = ucl.parser()
local ok, err = parser:parse_file(rspamd_paths["LOCAL_CONFDIR"] .. "/policy.json")
if not ok then
  logger.errx(rspamd_config, "policy.json: %s", err)
  error("policy.json: " .. tostring(err))
end
local policy = parser:get_object()

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do set[item] = true end
  return set
end

local banned_extensions = set_of(policy.banned_extensions)
local banned_types = set_of(policy.banned_types)

-- allow, block or nil, for the full address before its domain.
local function listed(senders, address, domain)
  return senders[address] or senders["@" .. domain]
end

-- The settings of each recipient's domain; of the server for a recipient elsewhere.
local function concerned(task)
  local found = {}
  for _, recipient in ipairs(task:get_recipients("smtp") or {}) do
    table.insert(found, policy.domains[(recipient.domain or ""):lower()] or policy.server)
  end
  if #found == 0 then table.insert(found, policy.server) end
  return found
end

-- A list counts when it says the same for every recipient of a message: it is refused or accepted as a whole.
local function verdict_on_sender(task, domains)
  local sender = (task:get_from("smtp") or {})[1]
  if sender == nil or task:get_user() ~= nil or (sender.addr or "") == "" then return nil end
  local address, domain = sender.addr:lower(), (sender.domain or ""):lower()
  local verdict
  for index, settings in ipairs(domains) do
    local one = listed(settings.senders, address, domain) or listed(policy.server.senders, address, domain)
    if one == nil or (index > 1 and one ~= verdict) then return nil end
    verdict = one
  end
  return verdict
end

local function banned_name(name)
  if name == nil then return nil end
  -- What is no letter at the end is dropped by some systems.
  local extension = name:lower():gsub("[^%w]+$", ""):match("%.([^%./\\]+)$")
  return extension ~= nil and banned_extensions[extension] and extension or nil
end

-- An extension that a part must not have: by any of its names, which mail programs choose between, or by its content.
local function banned_extension(part)
  local names = { part:get_filename() or "" }
  for _, header in ipairs({ "Content-Type", "Content-Disposition" }) do
    for name in (part:get_header(header) or ""):gmatch("[Nn][Aa][Mm][Ee][^=;]*=([^;]*)") do
      local plain = name:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
      table.insert(names, plain)
    end
  end
  for _, name in ipairs(names) do
    local extension = banned_name(name)
    if extension ~= nil then return extension end
  end
  local shown = part:is_attachment() and part:get_detected_ext() or nil
  return shown ~= nil and banned_extensions[shown] and shown or nil
end

-- rspamd has one name for programs for Windows; others are as common.
local ALSO = {
  ["application/x-ms-application"] = {
    "application/x-msdownload", "application/x-dosexec", "application/vnd.microsoft.portable-executable",
  },
}

local function banned_type(part)
  for _, kind in ipairs({ { part:get_type() }, { part:get_detected_type() } }) do
    local full = kind[1] ~= nil and (kind[1] .. "/" .. (kind[2] or "")):lower() or ""
    if banned_types[full] then return full end
    for _, name in ipairs(ALSO[full] or {}) do
      if banned_types[name] then return name end
    end
  end
  return nil
end

-- The first part that must not come, and why.
local function banned_part(task)
  for _, part in ipairs(task:get_parts() or {}) do
    local extension, kind = banned_extension(part), banned_type(part)
    if extension ~= nil then return "files of the kind ." .. extension .. " are not accepted" end
    if kind ~= nil then return "files of the type " .. kind .. " are not accepted" end
    local archive = part:is_archive() and part:get_archive() or nil
    for _, name in ipairs(archive ~= nil and archive:get_files() or {}) do
      extension = banned_name(name)
      if extension ~= nil then return "archives with files of the kind ." .. extension .. " are not accepted" end
    end
  end
  return nil
end

-- Whether mail comes from the machine itself, or from a client that may send to the outside without a login. The most
-- specific networks stand first.
local networks = {}
for _, entry in ipairs(policy.clients or {}) do
  local first = rspamd_ip.from_string(entry.network)
  table.insert(networks, {
    first = tostring(first), version = first:get_version(), bits = entry.bits, trusted = entry.trusted,
  })
end

local function trusted_client(task)
  if tostring(task:get_request_header("MTA-Name")) == "internal" then return true end
  local ip = task:get_ip()
  if ip == nil or not ip:is_valid() then return false end
  for _, network in ipairs(networks) do
    local same = ip:get_version() == network.version
    -- As texts: rspamd compares addresses together with their ports. It has no mask without bits.
    local inside = same and (network.bits == 0 or tostring(ip:apply_mask(network.bits)) == network.first)
    if inside then return network.trusted end
  end
  return false
end

-- Higher than any message gets: what is not to happen.
local NEVER = 1000000

rspamd_config:register_symbol({
  name = "EBOXMAIL_POLICY",
  type = "prefilter",
  priority = 9,
  callback = function(task)
    local banned = banned_part(task)
    if banned ~= nil then
      task:set_pre_result("reject", banned, NAME)
      return
    end
    local domains = concerned(task)
    local verdict = verdict_on_sender(task, domains)
    if verdict == "block" then
      task:set_pre_result("reject", "the sender is blocked", NAME)
      return
    end
    local spam, reject = 0, 0
    for _, settings in ipairs(domains) do
      -- The most lenient: no domain loses mail because another one is strict.
      spam = math.max(spam, verdict == "allow" and NEVER or settings.threshold)
      reject = math.max(reject, verdict == "allow" and NEVER or settings.reject or NEVER)
    end
    local actions = { reject = reject }
    actions["add header"] = spam
    if policy.greylist == nil or verdict == "allow" or task:get_user() ~= nil or trusted_client(task) then
      actions.greylist = NEVER
      task:disable_symbol("GREYLIST_CHECK")
      task:disable_symbol("GREYLIST_SAVE")
    else
      -- Spam that has come again is still spam.
      actions.greylist = policy.greylist < spam and policy.greylist or NEVER
    end
    task:set_settings({ actions = actions })
  end,
})

if policy.subject_tag ~= nil then
  local tag = require("rspamd_util").mime_header_encode(policy.subject_tag)
  rspamd_config:register_symbol({
    name = "EBOXMAIL_SUBJECT",
    type = "idempotent",
    callback = function(task)
      if task:get_metric_action() ~= "add header" then return end
      local subject = (task:get_header_full("Subject") or {})[1]
      local value = subject ~= nil and subject.value or ""
      task:set_milter_reply({
        remove_headers = { Subject = 0 },
        add_headers = { Subject = (tag .. " " .. value):gsub("%s+$", "") },
      })
    end,
  })
end
