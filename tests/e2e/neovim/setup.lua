-- What the tests look at, and what they add to the printed configuration.
local root, options = ...

_G.seen = {
  requests = {}, progress = {}, messages = {}, edits = {}, questions = {},
  growth = {},
}

-- `type` is pending (sent), cancel, or complete (answered, cancelled ones too).
vim.api.nvim_create_autocmd('LspRequest', {
  callback = function(event)
    local request = event.data.request
    table.insert(_G.seen.requests, {
      id = event.data.request_id,
      method = request.method,
      type = request.type,
      at = vim.uv.hrtime() / 1e9,
    })
  end,
})

vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event) table.insert(_G.seen.progress, event.data.params.value.kind) end,
})

local handlers = vim.lsp.config.herdmate.handlers

local function watch(method, seen)
  local handler = handlers[method] or vim.lsp.handlers[method] or function() end
  handlers[method] = function(err, params, ...)
    table.insert(seen, params)
    return handler(err, params, ...)
  end
end

watch('window/showMessage', _G.seen.messages)
watch('window/showMessageRequest', _G.seen.questions)
watch('workspace/applyEdit', _G.seen.edits)
watch('herdmate/completionGrew', _G.seen.growth)

vim.lsp.config('herdmate', { root_dir = root, init_options = options, handlers = handlers })
