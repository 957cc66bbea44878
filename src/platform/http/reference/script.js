// Narrows the reference to the operations that hold every word of the search.
const search = document.getElementById('search')
const found = document.getElementById('found')
const articles = [...document.querySelectorAll('article')]

function narrow() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
  let shown = 0
  for (const article of articles) {
    const matches = words.every(word => article.dataset.words.includes(word))
    article.hidden = !matches
    document.querySelector(`[data-for="${article.id}"]`).hidden = !matches
    if (matches) shown += 1
  }
  found.textContent = words.length > 0 ? `${shown} of ${articles.length} operations` : ''
}

search.addEventListener('input', narrow)
narrow()
