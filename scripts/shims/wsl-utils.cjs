// All that oclif asks of wsl-utils, without the modules behind it. bin/run.js tells WSL in the same way.
const { release } = require('node:os')

module.exports = { isWsl: process.platform === 'linux' && release().toLowerCase().includes('microsoft') }
