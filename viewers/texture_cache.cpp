#include "viewers/texture_cache.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "viewers/mask_picture.h"
#include "viewers/published.h"

namespace ablate {
namespace {

constexpr std::size_t kKeptPictures = 2048;

std::string place_of(const RunData& data, const ImagePoint& image) {
  return fmt::format("{}@{}", image.file < data.files.size() ? data.files[image.file] : "", image.offset);
}

std::string key_of(const PictureWish& wish) {
  std::string key = place_of(*wish.data, wish.image);
  if (!wish.is_mask) return wish.channel == 0 ? key : fmt::format("{}#{}", key, wish.channel);
  key += fmt::format("|{}|{}", static_cast<int>(wish.view), wish.threshold_percent);
  if (wish.target) key += "|" + place_of(*wish.data, *wish.target);
  if (wish.view == MaskView::overlay && wish.input)
    key += fmt::format("|{}|{:.3f},{:.3f},{:.3f}", place_of(*wish.data, *wish.input), wish.tint[0], wish.tint[1],
                       wish.tint[2]);
  return key;
}

}  // namespace

struct TextureCache::Impl {
  struct PictureRequest {
    std::string key;
    PictureWish wish;
  };

  struct Result {
    std::string key;
    MaskPicture picture;
  };

  struct Entry {
    ShownPicture shown;
    std::unique_ptr<ImTextureData> texture;
    int used_in_frame = 0;
  };

  std::function<void()> ready;
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> slots;  ///< slot to the key of what it shows
  std::vector<std::unique_ptr<ImTextureData>> doomed;
  std::vector<PictureRequest> wishes;
  bool all_there = true;
  int frame = 0;

  // The newest frame's wishes: those of older frames that nobody has got to are forgotten.
  Published<std::vector<PictureRequest>> wanted;
  std::atomic<std::uint64_t> generation{0};
  std::mutex mutex;  // Guards results. The drawing thread only tries it.
  std::vector<Result> results;
  std::jthread worker;

  void work(const std::stop_token& stop);
  bool is_waiting(const std::string& key);
  void take_over(Result result);
  void evict();
};

/// Made, but not yet taken over by the drawing thread.
bool TextureCache::Impl::is_waiting(const std::string& key) {
  const std::lock_guard lock(mutex);
  return std::any_of(results.begin(), results.end(), [&](const Result& result) { return result.key == key; });
}

void TextureCache::Impl::work(const std::stop_token& stop) {
  MaskPictureMaker maker;
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    generation.wait(seen);
    seen = generation.load();
    const auto list = wanted.load();
    if (!list) continue;
    for (const PictureRequest& request : *list) {
      if (stop.stop_requested() || generation.load() != seen) break;
      if (is_waiting(request.key)) continue;
      Result result{request.key, maker.make(request.wish)};
      {
        const std::lock_guard lock(mutex);
        results.push_back(std::move(result));
      }
      ready();
    }
  }
}

void TextureCache::Impl::take_over(Result result) {
  if (entries.contains(result.key)) return;
  Entry entry;
  entry.used_in_frame = frame;
  MaskPicture& picture = result.picture;
  entry.shown.iou = picture.iou;
  entry.shown.share = picture.share;
  entry.shown.problem = picture.problem;
  if (picture.problem.empty()) {
    entry.shown.width = picture.rgba.width;
    entry.shown.height = picture.rgba.height;
    entry.texture = std::make_unique<ImTextureData>();
    entry.texture->Create(ImTextureFormat_RGBA32, picture.rgba.width, picture.rgba.height);
    std::memcpy(entry.texture->GetPixels(), picture.rgba.pixels.data(), picture.rgba.pixels.size());
    entry.texture->UseColors = true;
    entry.texture->SetStatus(ImTextureStatus_WantCreate);
    ImGui::RegisterUserTexture(entry.texture.get());
    entry.shown.texture = entry.texture->GetTexRef();
  }
  entries.emplace(std::move(result.key), std::move(entry));
}

void TextureCache::Impl::evict() {
  if (entries.size() <= kKeptPictures) return;
  std::vector<std::pair<int, std::string>> by_age;
  for (const auto& [key, entry] : entries) by_age.emplace_back(entry.used_in_frame, key);
  std::sort(by_age.begin(), by_age.end());
  for (std::size_t i = 0; i < by_age.size() && entries.size() > kKeptPictures * 3 / 4; ++i) {
    if (by_age[i].first + 2 > frame) break;
    const auto at = entries.find(by_age[i].second);
    if (at->second.texture) {
      at->second.texture->WantDestroyNextFrame = true;
      doomed.push_back(std::move(at->second.texture));
    }
    entries.erase(at);
  }
}

TextureCache::TextureCache(std::function<void()> ready) : impl_(std::make_unique<Impl>()) {
  impl_->ready = std::move(ready);
  impl_->worker = std::jthread([this](const std::stop_token& stop) { impl_->work(stop); });
}

TextureCache::~TextureCache() {
  impl_->worker.request_stop();
  impl_->generation.fetch_add(1);
  impl_->generation.notify_all();
  impl_->worker.join();
  for (auto& [key, entry] : impl_->entries)
    if (entry.texture) ImGui::UnregisterUserTexture(entry.texture.get());
  for (auto& texture : impl_->doomed) ImGui::UnregisterUserTexture(texture.get());
}

void TextureCache::begin_frame() {
  ++impl_->frame;
  impl_->wishes.clear();
  impl_->all_there = true;
  std::vector<Impl::Result> results;
  if (const std::unique_lock lock(impl_->mutex, std::try_to_lock); lock) results.swap(impl_->results);
  for (Impl::Result& result : results) impl_->take_over(std::move(result));
  std::erase_if(impl_->doomed, [](const std::unique_ptr<ImTextureData>& texture) {
    if (texture->Status != ImTextureStatus_Destroyed) return false;
    ImGui::UnregisterUserTexture(texture.get());
    return true;
  });
  impl_->evict();
}

void TextureCache::end_frame() {
  if (impl_->wishes.empty()) return;
  impl_->wanted.store(std::make_shared<const std::vector<Impl::PictureRequest>>(std::move(impl_->wishes)));
  impl_->wishes.clear();
  impl_->generation.fetch_add(1);
  impl_->generation.notify_one();
}

const ShownPicture* TextureCache::get(const std::string& slot, const PictureWish& wish) {
  std::string key = key_of(wish);
  if (const auto at = impl_->entries.find(key); at != impl_->entries.end()) {
    at->second.used_in_frame = impl_->frame;
    impl_->slots[slot] = std::move(key);
    return &at->second.shown;
  }
  impl_->all_there = false;
  impl_->wishes.push_back({std::move(key), wish});
  const auto shown = impl_->slots.find(slot);
  if (shown == impl_->slots.end()) return nullptr;
  const auto before = impl_->entries.find(shown->second);
  if (before == impl_->entries.end()) return nullptr;
  before->second.used_in_frame = impl_->frame;
  return &before->second.shown;
}

bool TextureCache::idle() const { return impl_->all_there; }

}  // namespace ablate
