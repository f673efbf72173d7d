// Node has these two itself; the package brings the deprecated punycode module along.
module.exports = { URL, URLSearchParams }
