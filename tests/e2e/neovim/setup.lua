-- What the tests look at, and what they add to the printed configuration.
local root, options = ...

_G.seen = {
  requests = {}, progress = {}, messages = {}, documents = {}, edits = {}, questions = {},
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

local function watch(method, seen)
  local handler = vim.lsp.handlers[method] or function() end
  vim.lsp.handlers[method] = function(err, params, ...)
    table.insert(seen, params)
    return handler(err, params, ...)
  end
end

watch('window/showMessage', _G.seen.messages)
watch('window/showMessageRequest', _G.seen.questions)
watch('window/showDocument', _G.seen.documents)
watch('workspace/applyEdit', _G.seen.edits)
watch('herdmate/completionGrew', _G.seen.growth)

vim.o.cmdheight = 8 -- no hit-enter prompt: it would block every request of the test

vim.lsp.config('herdmate', { root_dir = root, init_options = options })

-- A part of ghost text: what `part` finds at its start is accepted, the rest is shown again.
local function accept(part)
  return function()
    vim.lsp.inline_completion.get({
      on_accept = function(item)
        local text = item.insert_text
        text = type(text) == 'table' and text.value or text
        local from = item.range and item.range.start or nil
        local row, column = unpack(vim.api.nvim_win_get_cursor(0))
        if from then text = text:sub(column - from.character + 1) end
        local lines = vim.split(text:match(part) or text, '\n')
        vim.schedule(function()
          vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
          column = (#lines == 1 and column or 0) + #lines[#lines]
          vim.api.nvim_win_set_cursor(0, { row - 1 + #lines, column })
        end)
      end,
    })
  end
end
vim.keymap.set('i', '<C-l>', accept('^%s*[%w_]+')) -- a word
vim.keymap.set('i', '<C-j>', accept('^\n*[^\n]+\n?')) -- a line
