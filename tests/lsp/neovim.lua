-- What a person does in Neovim, told line by line.
local id = vim.lsp.start_client({
  name = "kqlog",
  cmd = { vim.env.KQLOG_PYTHON, "-m", "kqlog", "lsp", "-d", vim.env.KQLOG_FOLDER },
  root_dir = vim.fn.getcwd(),
})
vim.lsp.buf_attach_client(0, id)
local function out(...) io.stdout:write(table.concat({...}, " "), "\n") end
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 50)
for _, d in ipairs(vim.diagnostic.get(0)) do out("mistake", d.lnum, d.col, d.end_col, d.code or "", d.message) end
local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 1, character = 12 } }
local r = vim.lsp.buf_request_sync(0, "textDocument/completion", params, 20000)
for _, v in pairs(r) do out("proposal", v.result.items[1].label, v.result.items[1].detail) end
params.range = { start = {line=1, character=8}, ["end"] = {line=1, character=8} }
params.context = { diagnostics = {} }
r = vim.lsp.buf_request_sync(0, "textDocument/codeAction", params, 20000)
for i, v in pairs(r) do out("correction", v.result[1].title); vim.lsp.util.apply_workspace_edit(v.result[1].edit, "utf-16") end
out("corrected", vim.api.nvim_buf_get_lines(0, 1, 2, false)[1])
vim.api.nvim_buf_set_lines(0, 0, -1, false, {"AppRequests|count"})
vim.lsp.buf.formatting_sync(nil, 20000)
out("laid out", table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "/"))
vim.lsp.stop_client(id)
vim.wait(5000, function() return #vim.lsp.get_active_clients() == 0 end, 50)
vim.cmd("qa!")
